// Shows markdown: each top-level block is a component of its own that is drawn again only when its text changes, so
// that an update costs as much in a long answer as in a short one. Tokens become elements one by one: no text of the
// model is ever taken for HTML. What is coloured or set as a formula is in code.tsx and math.tsx.
import "@/markdown/markdown.css";
import { memo, useMemo, useRef } from "react";
import { BlockView } from "@/markdown/block";
import { type Block, type Read, readOn, withoutHalf } from "@/markdown/lexer";

export interface MarkdownProps {
  text: string;
  /** Whether more text is coming: what is not settled yet is shown plainly. */
  streaming: boolean;
}

export const Markdown = memo(function Markdown({ text, streaming }: MarkdownProps) {
  const last = useRef<Read | null>(null);
  const read = useMemo(() => {
    // A whole answer is read in one go once it is finished: a late definition may change what stands before it.
    last.current = streaming ? readOn(last.current, withoutHalf(text)) : readOn(null, text);
    return last.current;
  }, [text, streaming]);
  const levels = headingLevels(read.blocks);
  const defined = !streaming && read.blocks.some((block) => block.type === "def");
  return (
    <div className="markdown" dir="auto">
      {read.blocks.map((block, place) => (
        <MemoBlock
          // biome-ignore lint/suspicious/noArrayIndexKey: blocks only ever come behind the others, or change in place.
          key={place}
          block={block}
          level={levels[place] ?? 2}
          open={streaming && place === read.blocks.length - 1}
          defined={defined}
        />
      ))}
    </div>
  );
});

interface MemoBlockProps {
  block: Block;
  level: number;
  open: boolean;
  /** Whether links in it may have got their addresses from a block behind it: it is another, then, with the same text. */
  defined: boolean;
}

const MemoBlock = memo(
  function MemoBlock({ block, level, open }: MemoBlockProps) {
    return <BlockView token={block} level={level} open={open} depth={0} />;
  },
  (before, after) =>
    before.block.raw === after.block.raw &&
    before.block.type === after.block.type &&
    before.level === after.level &&
    before.open === after.open &&
    before.defined === after.defined,
);

/** The levels of headings below the page's own, none left out on the way down, as screen readers expect. */
function headingLevels(blocks: readonly Block[]): number[] {
  let last = 1;
  return blocks.map((block) => {
    if (block.type !== "heading") return last;
    last = Math.min(block.depth + 1, last + 1, 6);
    return last;
  });
}
