// What can be done with one chat: rename, export, delete.
import { useNavigate } from "@tanstack/react-router";
import { Braces, FileText, Pencil, Trash2 } from "lucide-react";
import { type FormEvent, useState } from "react";
import { queryClient } from "@/api/queries";
import { fileName, toJson, toMarkdown } from "@/chat/transfer";
import { pathTo, treeOf } from "@/chat/tree";
import { type ChatRow, chatQuery, deleteChat, patchChat } from "@/pages/chat/chats";
import { text } from "@/text/en/chat";
import { Button } from "@/ui/button";
import { Confirm, Dialog } from "@/ui/dialog";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { Menu } from "@/ui/menu";
import { toast } from "@/ui/toast";

const MAX_TITLE = 200;

export interface ChatMenuProps {
  row: Pick<ChatRow, "id" | "title">;
  /** Whether it is the one that is open. */
  current: boolean;
  label: string;
}

export function ChatMenu({ row, current, label }: ChatMenuProps) {
  const [asks, setAsks] = useState<"rename" | "delete" | null>(null);
  const navigate = useNavigate();
  return (
    <>
      <Menu
        label={label}
        items={[
          { label: text.rename, icon: <Pencil aria-hidden size={15} />, onSelect: () => setAsks("rename") },
          {
            label: text.exportJson,
            icon: <Braces aria-hidden size={15} />,
            onSelect: () => void download(row.id, "json"),
          },
          {
            label: text.exportMarkdown,
            icon: <FileText aria-hidden size={15} />,
            onSelect: () => void download(row.id, "md"),
          },
          {
            label: text.remove,
            icon: <Trash2 aria-hidden size={15} />,
            onSelect: () => setAsks("delete"),
            danger: true,
          },
        ]}
      />
      {asks === "rename" ? <Rename row={row} onClose={() => setAsks(null)} /> : null}
      <Confirm
        open={asks === "delete"}
        onClose={() => setAsks(null)}
        title={text.removeTitle(row.title)}
        action={text.remove}
        onConfirm={async () => {
          if (current) await navigate({ to: "/chat/", search: {} });
          await deleteChat(row.id);
          toast(text.removed);
        }}
      >
        {text.removeBody}
      </Confirm>
    </>
  );
}

function Rename({ row, onClose }: { row: Pick<ChatRow, "id" | "title">; onClose: () => void }) {
  const [title, setTitle] = useState(row.title);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!title.trim()) return;
    patchChat(row.id, { title: title.trim() });
    onClose();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={text.renameTitle}
      footer={
        <>
          <Button onClick={onClose}>{text.cancel}</Button>
          <Button look="primary" type="submit" form="rename-chat" disabled={!title.trim()}>
            {text.save}
          </Button>
        </>
      }
    >
      <form id="rename-chat" onSubmit={submit}>
        <Field label={text.titleField}>
          {(ids) => (
            <Input {...ids} value={title} maxLength={MAX_TITLE} onChange={(event) => setTitle(event.target.value)} />
          )}
        </Field>
      </form>
    </Dialog>
  );
}

async function download(id: string, kind: "json" | "md"): Promise<void> {
  const chat = await queryClient.fetchQuery(chatQuery(id));
  const path = pathTo(treeOf(chat.messages), chat.leaf_id);
  const written = kind === "json" ? toJson(chat) : toMarkdown(chat.title, path);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(
    new Blob([written], { type: kind === "json" ? "application/json" : "text/markdown" }),
  );
  link.download = fileName(chat.title, kind);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
