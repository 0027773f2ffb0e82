// Said above the composer where the chat's model cannot answer: why, and what can instead.
import type { ChatView } from "@/pages/chat/use-chat";
import { text } from "@/text/en/chat";
import { Button } from "@/ui/button";
import { Notice } from "@/ui/notice";

export function ModelNote({ view, onPick }: { view: ChatView; onPick: () => void }) {
  const { gone, instead, choice, choose, chat } = view;
  if (choice?.broken) {
    return (
      <Notice kind="warn" className="mb-2" title={text.brokenModel(choice.apiModelName)}>
        {choice.broken}
      </Notice>
    );
  }
  if (!gone) return null;
  const kept = chat?.settings.api_model_name;
  return (
    <Notice
      kind="warn"
      className="mb-2"
      title={text.modelGone(gone.id, typeof kept === "string" ? kept : "")}
      actions={
        <>
          {instead ? (
            <Button size="small" look="primary" onClick={() => choose(instead)}>
              {text.continueWith(instead.id)}
            </Button>
          ) : null}
          <Button size="small" onClick={onPick}>
            {text.chooseOther}
          </Button>
        </>
      }
    >
      {text.modelGoneBody}
    </Notice>
  );
}
