// A field to search with. What is found is the page's part.
import clsx from "clsx";
import { Search } from "lucide-react";
import { Input, type InputProps } from "@/ui/input";

export interface SearchInputProps extends Omit<InputProps, "type"> {
  /** What is searched, for screen readers and inside the empty field. */
  label: string;
  /** Inside a box that has a border already. */
  bare?: boolean;
}

export function SearchInput({ label, bare, className, ...rest }: SearchInputProps) {
  return (
    <span className={clsx("relative block min-w-0", className)}>
      <Search aria-hidden size={15} className="pointer-events-none absolute top-2.5 left-3 text-ink-2" />
      <Input
        {...rest}
        type="search"
        aria-label={label}
        placeholder={label}
        className={clsx("pl-9", bare && "!border-transparent !bg-transparent outline-offset-[-2px]")}
      />
    </span>
  );
}
