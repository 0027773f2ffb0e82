// What one api model shows of itself in the list, wide or narrow: who it is, its models as ways into chat, its traffic.
import { Link } from "@tanstack/react-router";
import { text } from "@/text/en/models";
import { Badge } from "@/ui/badge";
import { firstModels } from "./rows";
import type { ApiModel } from "./values";

export function NameCell({ model }: { model: ApiModel }) {
  return (
    <div className="min-w-0">
      <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
        {/* Marks upon marks make one character wider than the page, which no wrapping breaks: it is cut. */}
        <span className="wrap-anywhere min-w-0 overflow-x-clip font-medium">{model.name}</span>
        <Badge kind="good">{text.api}</Badge>
        {model.private ? (
          <span title={text.onlyYouHint}>
            <Badge>{text.onlyYou}</Badge>
          </span>
        ) : null}
      </p>
      <p className="flex min-w-0 items-baseline gap-x-2 text-ink-2 text-tag">
        <span className="min-w-0 truncate font-mono" title={model.base_url}>
          {model.base_url}
        </span>
        <span className="shrink-0">{model.has_key ? text.keyStored : text.noKey}</span>
      </p>
    </div>
  );
}

export function ModelsCell({ model }: { model: ApiModel }) {
  const { shown, more } = firstModels(model);
  return (
    <div className="flex min-w-0 flex-wrap items-center gap-1.5">
      {shown.map((id) => (
        <Link
          key={id}
          to="/chat/"
          search={{ model: id, api_model_id: model.id }}
          aria-label={text.chatWith(id)}
          title={id}
          className="max-w-full truncate rounded-[6px] border border-line bg-surface px-2 py-1 font-mono text-tag hover:border-line-strong hover:bg-sunken"
        >
          {id.slice(model.prefix.length)}
        </Link>
      ))}
      {more.length > 0 ? (
        <span title={more.join("\n")} className="text-hint text-ink-2">
          <span aria-hidden>{text.more(more.length)}</span>
          <span className="sr-only">{text.moreLabel(more.length)}</span>
        </span>
      ) : null}
      {model.forward_all ? (
        <span className="text-ink-2">
          {text.everything} <code className="font-mono text-hint">{model.prefix}</code>
        </span>
      ) : null}
    </div>
  );
}

export function TodayCell({ model, calls }: { model: ApiModel; calls: number | undefined }) {
  if (calls === undefined) return null;
  return (
    <Link
      to="/usage/"
      search={{ api_model_id: model.id }}
      aria-label={text.todayLabel(model.name, calls)}
      className="inline-flex min-h-6 items-center text-hint text-ink-2 underline-offset-2 hover:underline"
    >
      {text.today(calls)}
    </Link>
  );
}
