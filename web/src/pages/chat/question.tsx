// What somebody asked: a bubble at the right, its files, and its editor in place.
import { Pencil } from "lucide-react";
import { memo, useState } from "react";
import type { Place } from "@/chat/tree";
import type { Message } from "@/chat/types";
import { Files } from "@/pages/chat/files";
import { Versions } from "@/pages/chat/versions";
import { text } from "@/text/en/chat";
import { Button, IconButton } from "@/ui/button";
import { CopyButton } from "@/ui/copy-button";
import { TextArea } from "@/ui/input";

export interface QuestionProps {
  message: Message;
  place: Place;
  busy: boolean;
  editing: boolean;
  onEditing: (id: string | null) => void;
  onEdit: (message: Message, text: string) => void;
  onTurn: (id: string) => void;
}

export const Question = memo(function Question({
  message,
  place,
  busy,
  editing,
  onEditing,
  onEdit,
  onTurn,
}: QuestionProps) {
  const { content } = message;
  if (editing)
    return (
      <Editor
        message={message}
        onCancel={() => onEditing(null)}
        onSend={(next) => {
          onEditing(null);
          onEdit(message, next);
        }}
      />
    );
  return (
    <article aria-label={text.you} className="group flex flex-col items-end gap-1" data-message={message.id}>
      <Files files={content.attachments ?? []} />
      {content.text ? (
        <div
          data-testid="question"
          className="max-w-[85%] whitespace-pre-wrap break-words rounded-dialog border border-line bg-sunken px-4 py-2 text-chat [overflow-wrap:anywhere]"
        >
          {content.text}
        </div>
      ) : null}
      <div className="-mb-1.5 flex min-h-7 items-center gap-0.5">
        <span className="flex opacity-0 focus-within:opacity-100 group-hover:opacity-100 [@media(hover:none)]:opacity-100">
          <CopyButton text={content.text} label={text.copy} />
          <IconButton label={text.edit} size="small" disabled={busy} onClick={() => onEditing(message.id)}>
            <Pencil aria-hidden size={14} />
          </IconButton>
        </span>
        <Versions place={place} onTurn={onTurn} />
      </div>
    </article>
  );
});

function Editor({
  message,
  onCancel,
  onSend,
}: {
  message: Message;
  onCancel: () => void;
  onSend: (text: string) => void;
}) {
  const [typed, setTyped] = useState(message.content.text);
  const able = typed.trim() !== "" || (message.content.attachments?.length ?? 0) > 0;
  return (
    <form
      className="ml-auto flex w-full flex-col gap-2 rounded-dialog border border-line bg-sunken p-3 sm:max-w-[85%]"
      onSubmit={(event) => {
        event.preventDefault();
        if (able) onSend(typed);
      }}
    >
      <Files files={message.content.attachments ?? []} />
      <TextArea
        aria-label={text.editMessage}
        ref={(area) => {
          if (!area || area.dataset.begun) return;
          area.dataset.begun = "yes";
          area.focus();
          area.setSelectionRange(area.value.length, area.value.length);
        }}
        value={typed}
        rows={Math.min(12, typed.split("\n").length + 1)}
        onChange={(event) => setTyped(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") {
            event.stopPropagation();
            onCancel();
          } else if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
            event.preventDefault();
            if (able) onSend(typed);
          }
        }}
        className="text-chat"
      />
      <span className="flex justify-end gap-2">
        <Button size="small" onClick={onCancel}>
          {text.cancel}
        </Button>
        <Button size="small" look="primary" type="submit" disabled={!able}>
          {text.sendAgain}
        </Button>
      </span>
    </form>
  );
}
