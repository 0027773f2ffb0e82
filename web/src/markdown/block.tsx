// One block of markdown as elements, with the blocks within it. Text within a line is inline.tsx's.
import type { Token, Tokens } from "marked";
import { createElement, type ReactNode } from "react";
import { CodeBlock } from "@/markdown/code";
import { DEEPEST } from "@/markdown/deepest";
import { Inline } from "@/markdown/inline";
import type { MathToken } from "@/markdown/lexer";
import { Formula } from "@/markdown/math";
import { text as words } from "@/text/en/markdown";

export interface BlockProps {
  token: Token;
  /** Of a heading. */
  level: number;
  /** Whether more of this block is coming. */
  open: boolean;
  depth: number;
}

export function BlockView({ token, level, open, depth }: BlockProps): ReactNode {
  if (depth > DEEPEST) return <Raw text={token.raw} />;
  switch (token.type) {
    case "paragraph":
      return (
        <p>
          <Inline tokens={token.tokens ?? []} depth={depth + 1} />
        </p>
      );
    case "heading":
      return createElement(
        `h${level}`,
        { "data-depth": token.depth },
        <Inline tokens={token.tokens ?? []} depth={depth + 1} />,
      );
    case "code":
      return <CodeBlock code={token.text} language={token.lang ?? ""} open={open} />;
    case "math":
      return <Formula {...(token as unknown as MathToken)} />;
    case "blockquote":
      return (
        <blockquote>
          <Blocks tokens={token.tokens ?? []} level={level} open={open} depth={depth + 1} />
        </blockquote>
      );
    case "list":
      return <List list={token as Tokens.List} level={level} open={open} depth={depth} />;
    case "table":
      return <Grid table={token as Tokens.Table} depth={depth} />;
    case "hr":
      return <hr />;
    case "space":
    case "def":
      return null;
    case "text":
      return token.tokens ? <Inline tokens={token.tokens} depth={depth + 1} /> : <Raw text={token.text} />;
    default:
      // Whatever else there is, HTML above all, is shown as it was written.
      return <Raw text={token.raw} />;
  }
}

function Blocks({ tokens, level, open, depth }: { tokens: Token[]; level: number; open: boolean; depth: number }) {
  return tokens.map((token, place) => (
    <BlockView
      // biome-ignore lint/suspicious/noArrayIndexKey: blocks only ever come behind the others, or change in place.
      key={place}
      token={token}
      level={level}
      open={open && place === tokens.length - 1}
      depth={depth}
    />
  ));
}

function List({ list, level, open, depth }: { list: Tokens.List; level: number; open: boolean; depth: number }) {
  const items = list.items.map((item, place) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: as above.
    <li key={place} className={item.task ? "task" : undefined}>
      {item.task ? (
        <span role="img" aria-label={item.checked ? words.done : words.open} className="box">
          {item.checked ? "☑" : "☐"}
        </span>
      ) : null}
      <Blocks
        tokens={item.tokens.filter((token) => token.type !== "checkbox")}
        level={level}
        open={open && place === list.items.length - 1}
        depth={depth + 1}
      />
    </li>
  ));
  return list.ordered ? <ol start={Number(list.start) || 1}>{items}</ol> : <ul>{items}</ul>;
}

function Grid({ table, depth }: { table: Tokens.Table; depth: number }) {
  return (
    <div className="grid-scroll" role="group" aria-label={words.table} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {table.header.map((cell, place) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: cells have no other name than their place.
              <th key={place} scope="col" data-align={cell.align ?? undefined}>
                <Inline tokens={cell.tokens} depth={depth + 1} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.map((row, line) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: as above.
            <tr key={line}>
              {row.map((cell, place) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: as above.
                <td key={place} data-align={cell.align ?? undefined}>
                  <Inline tokens={cell.tokens} depth={depth + 1} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Raw({ text }: { text: string }) {
  return <p className="raw">{text}</p>;
}
