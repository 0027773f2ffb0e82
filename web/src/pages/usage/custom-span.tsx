// A beginning and an end to type, for those who do not drag over a chart.
import { useNavigate } from "@tanstack/react-router";
import { useId, useState } from "react";
import { fromField, type Search, toField } from "@/pages/usage/filters";
import { text } from "@/text/en/usage";
import { Button } from "@/ui/button";
import { Input } from "@/ui/input";

export function CustomSpan({ search, onDone }: { search: Search; onDone: () => void }) {
  const navigate = useNavigate({ from: "/usage" });
  const id = useId();
  const [since, setSince] = useState(() => toField(search.since ?? Date.now() - 86_400_000));
  const [until, setUntil] = useState(() => (search.until ? toField(search.until) : ""));
  const wrong = until !== "" && Date.parse(until) <= Date.parse(since);
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    if (wrong || !fromField(since)) return;
    void navigate({
      search: (before) => ({ ...before, span: undefined, since: fromField(since), until: fromField(until) }),
    });
    onDone();
  };
  return (
    <form onSubmit={submit} className="flex flex-wrap items-center gap-x-3 gap-y-2">
      <label className="flex items-center gap-2 text-hint text-ink-2" htmlFor={`${id}-since`}>
        {text.from}
        <Input
          id={`${id}-since`}
          type="datetime-local"
          className="!w-52"
          value={since}
          onChange={(event) => setSince(event.target.value)}
          required
        />
      </label>
      <label className="flex items-center gap-2 text-hint text-ink-2" htmlFor={`${id}-until`}>
        {text.until}
        <Input
          id={`${id}-until`}
          type="datetime-local"
          className="!w-52"
          value={until}
          onChange={(event) => setUntil(event.target.value)}
          aria-invalid={wrong || undefined}
          aria-describedby={wrong ? `${id}-wrong` : undefined}
        />
      </label>
      <Button type="submit">{text.apply}</Button>
      {wrong ? (
        <p id={`${id}-wrong`} role="alert" className="text-danger text-hint">
          {text.wrongOrder}
        </p>
      ) : null}
    </form>
  );
}
