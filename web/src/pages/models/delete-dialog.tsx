// Asked before an api model is deleted: which ids clients lose, and who used them in the last days.
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import type { Schemas } from "@/api/client";
import { text } from "@/text/en/models";
import { Confirm } from "@/ui/dialog";
import { Skeleton } from "@/ui/page";
import { toast } from "@/ui/toast";
import { deleteApiModel, lastWeekQuery } from "./queries";
import { lostIds } from "./rows";
import type { ApiModel } from "./values";

const MOST_IDS = 8;
const MOST_TOKENS = 5;

export interface DeleteDialogProps {
  model: ApiModel;
  all: readonly ApiModel[];
  onClose: () => void;
}

export function DeleteDialog({ model, all, onClose }: DeleteDialogProps) {
  const lost = lostIds(model, all);
  const lastWeek = useQuery(lastWeekQuery(model.id));
  return (
    <Confirm
      open
      onClose={onClose}
      title={text.removeTitle(model.name)}
      action={text.remove}
      ready={!lastWeek.isPending}
      onConfirm={async () => {
        await deleteApiModel(model.id);
        toast(text.removed);
      }}
    >
      <div className="flex flex-col gap-3">
        {lost.length > 0 ? (
          <div>
            <p>{text.lost(lost.length)}</p>
            <ul className="mt-1 flex flex-wrap gap-1.5">
              {lost.slice(0, MOST_IDS).map((id) => (
                <li key={id} className="max-w-full truncate rounded-[6px] bg-sunken px-1.5 font-mono text-ink text-tag">
                  {id}
                </li>
              ))}
              {lost.length > MOST_IDS ? <li className="text-hint">{text.more(lost.length - MOST_IDS)}</li> : null}
            </ul>
          </div>
        ) : model.models.length > 0 ? (
          <p>{text.lostNone}</p>
        ) : null}
        {model.forward_all ? <p>{text.lostAll(model.prefix)}</p> : null}
        <LastWeek {...lastWeek} />
        <p>{text.removeKey}</p>
      </div>
    </Confirm>
  );
}

function LastWeek({ data, error }: Pick<UseQueryResult<Schemas["SummaryShown"]>, "data" | "error">) {
  if (error) return <p>{text.usageUnknown}</p>;
  if (!data) return <Skeleton className="h-5 w-64" />;
  if (data.total.count === 0) return <p>{text.unused}</p>;
  return (
    <div>
      <p>
        {text.lastDays(data.total.count)} {text.usedBy}
      </p>
      <ul className="mt-1">
        {data.data.slice(0, MOST_TOKENS).map((group) => (
          <li key={group.key} className="flex justify-between gap-4">
            <span className="min-w-0 break-words text-ink">
              {group.key === null ? text.chat : (group.name ?? text.unnamed)}
            </span>
            <span className="tabular shrink-0">{text.perToken(group.count)}</span>
          </li>
        ))}
        {data.data.length > MOST_TOKENS ? (
          <li className="text-hint">{text.more(data.data.length - MOST_TOKENS)}</li>
        ) : null}
      </ul>
    </div>
  );
}
