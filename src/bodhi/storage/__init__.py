"""What outlives the process: schema, one repository per table, vault. Nothing here decides who may do what."""
