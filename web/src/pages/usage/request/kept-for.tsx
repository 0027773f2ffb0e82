// What is kept, for how long, and where that is decided.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { policyQuery } from "@/pages/usage/request/queries";
import { text } from "@/text/en/request";

export function KeptFor({ admin }: { admin: boolean }) {
  const { data: policy } = useQuery(policyQuery(admin));
  return (
    <p className="px-4 pb-3.5 text-hint text-ink-2">
      {policy ? text.keptFor(policy.days) : text.kept}{" "}
      {admin ? (
        <Link to="/settings/" className="underline underline-offset-2">
          {text.change}
        </Link>
      ) : null}
    </p>
  );
}
