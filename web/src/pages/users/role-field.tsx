// Choosing a role, with what each may do.
import { useMe } from "@/api/queries";
import { atLeast, ROLES, type Role, roleNames, roleRights } from "@/lib/roles";
import { text } from "@/text/en/users";
import { Field } from "@/ui/field";
import { Select } from "@/ui/select";

export interface RoleFieldProps {
  value: Role;
  onChange: (role: Role) => void;
  withGuest?: boolean;
}

export function RoleField({ value, onChange, withGuest = false }: RoleFieldProps) {
  const me = useMe();
  const given = ROLES.filter((role) => (withGuest || role !== "guest") && atLeast(me.role, role));
  return (
    <Field label={text.role} hint={roleRights[value]}>
      {(ids) => (
        <Select
          {...ids}
          value={value}
          onChange={onChange}
          options={given.map((role) => ({ value: role, label: roleNames[role] }))}
        />
      )}
    </Field>
  );
}
