"""What calls cost: recording them without slowing them down, and tidying what has grown old."""
