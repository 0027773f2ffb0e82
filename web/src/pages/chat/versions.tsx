// Which of the versions of a message is read, and the way to the others.
import { ChevronLeft, ChevronRight } from "lucide-react";
import type { Place } from "@/chat/tree";
import { text } from "@/text/en/chat";
import { IconButton } from "@/ui/button";

export interface VersionsProps {
  place: Place;
  onTurn: (id: string) => void;
}

export function Versions({ place: { position, ids }, onTurn }: VersionsProps) {
  if (ids.length < 2) return null;
  const before = ids[position - 1];
  const after = ids[position + 1];
  return (
    <span className="inline-flex items-center text-hint text-ink-2">
      <IconButton
        label={text.older}
        size="small"
        disabled={before === undefined}
        onClick={() => before !== undefined && onTurn(before)}
      >
        <ChevronLeft aria-hidden size={15} />
      </IconButton>
      <span className="tabular whitespace-nowrap">{text.branch(position + 1, ids.length)}</span>
      <IconButton
        label={text.newer}
        size="small"
        disabled={after === undefined}
        onClick={() => after !== undefined && onTurn(after)}
      >
        <ChevronRight aria-hidden size={15} />
      </IconButton>
    </span>
  );
}
