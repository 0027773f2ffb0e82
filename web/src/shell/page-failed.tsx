// A page that could not be shown, with what was said and a way to try again.
import { ApiError, OFFLINE } from "@/api/client";
import { text } from "@/text/en/shell";
import { Button } from "@/ui/button";
import { Notice } from "@/ui/notice";
import { Page } from "@/ui/page";

export function PageFailed({ error, reset }: { error?: unknown; reset?: () => void }) {
  const offline = error instanceof ApiError && error.code === OFFLINE;
  return (
    <main>
      <Page title={text.failed} width="form">
        <Notice
          kind="danger"
          title={offline ? text.noAnswer : error instanceof Error ? error.message : text.failedBody}
          reply={error instanceof ApiError ? error.reply : null}
          actions={<Button onClick={() => (reset ? reset() : location.reload())}>{text.again}</Button>}
        >
          {offline ? text.noAnswerBody : null}
        </Notice>
      </Page>
    </main>
  );
}

/** The same within a page: a list that could not be loaded. */
export function Failed({ error, again, what }: { error: Error; again: () => void; what: string }) {
  return (
    <Notice
      kind="danger"
      title={text.notLoaded(what)}
      reply={error instanceof ApiError ? error.reply : null}
      actions={
        <Button size="small" onClick={again}>
          {text.again}
        </Button>
      }
    >
      {error.message}
    </Notice>
  );
}
