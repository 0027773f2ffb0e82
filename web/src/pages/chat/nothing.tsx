// Where a chat has no messages: a new one, one that is loading, one that is not here.
import { Link } from "@tanstack/react-router";
import { useMe } from "@/api/queries";
import { atLeast } from "@/lib/roles";
import type { ChatView } from "@/pages/chat/use-chat";
import { text } from "@/text/en/chat";
import { buttonClass } from "@/ui/button";
import { Mark } from "@/ui/mark";
import { Skeleton } from "@/ui/page";

export function Nothing({ view: { error, loading, apiModels } }: { view: ChatView }) {
  const me = useMe();
  if (loading && !error) {
    return (
      <div className="mx-auto flex w-full max-w-[808px] flex-1 flex-col gap-4 px-5 pt-6">
        <p role="status" className="sr-only">
          {text.loadingChat}
        </p>
        <Skeleton className="ml-auto h-10 w-1/2" />
        <Skeleton className="h-24 w-4/5" />
      </div>
    );
  }
  const none = apiModels?.length === 0;
  const mayAdd = atLeast(me.role, "power_user");
  const [title, body] = error
    ? error.status === 404
      ? [text.gone, text.goneBody]
      : [text.cannotLoad, error.message]
    : none
      ? [text.noModel, mayAdd ? text.noModelBody : text.noModelAsk]
      : [text.empty, text.emptyBody];
  return (
    <div className="flex min-h-0 flex-1 flex-col items-center justify-center gap-3 overflow-y-auto px-6 text-center">
      <Mark size={36} />
      <h2 className="font-semibold text-section">{title}</h2>
      <p className="max-w-sm text-balance text-ink-2">{body}</p>
      {error ? (
        <Link to="/chat/" search={{}} className={buttonClass("plain")}>
          {text.newChat}
        </Link>
      ) : none && mayAdd ? (
        <Link to="/models/api/new/" className={buttonClass("primary")}>
          {text.addApiModel}
        </Link>
      ) : null}
    </div>
  );
}
