// Files of a message: pictures small, text files by name. In the composer each can be taken out again.
import { FileText, X } from "lucide-react";
import type { Attachment } from "@/chat/types";
import { text } from "@/text/en/chat";

export interface FilesProps {
  files: readonly Attachment[];
  onRemove?: (index: number) => void;
}

export function Files({ files, onRemove }: FilesProps) {
  if (!files.length) return null;
  return (
    <ul className="flex flex-wrap gap-2">
      {files.map((file, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: two files may have one name, and none ever moves.
        <li key={index} className="relative">
          {file.kind === "image" ? (
            <img
              src={`data:${file.media_type};base64,${file.data}`}
              alt={file.name}
              className={
                onRemove
                  ? "size-16 rounded-control border border-line object-cover"
                  : "max-h-60 max-w-full rounded-control border border-line"
              }
            />
          ) : (
            <span className="flex h-9 max-w-60 items-center gap-2 rounded-control border border-line bg-surface px-3 text-hint">
              <FileText aria-hidden size={15} className="shrink-0 text-ink-2" />
              <span className="truncate">{file.name}</span>
            </span>
          )}
          {onRemove ? (
            <button
              type="button"
              aria-label={text.removeFile(file.name)}
              title={text.removeFile(file.name)}
              onClick={() => onRemove(index)}
              className="-top-2 -right-2 absolute grid size-6 place-items-center rounded-full border border-line-strong bg-surface text-ink-2 hover:text-ink"
            >
              <X aria-hidden size={13} />
            </button>
          ) : null}
        </li>
      ))}
    </ul>
  );
}
