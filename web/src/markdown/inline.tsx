// Text within a line as elements: emphasis, code, links, formulas, and everything else as it was written.
import type { Token, Tokens } from "marked";
import type { ReactNode } from "react";
import { DEEPEST } from "@/markdown/deepest";
import { decodeEntities } from "@/markdown/entities";
import type { MathToken } from "@/markdown/lexer";
import { isOwnPicture, safeHref } from "@/markdown/links";
import { Formula } from "@/markdown/math";
import { text as words } from "@/text/en/markdown";

const BREAK = /^<br\s*\/?>$/i;

export interface InlineProps {
  tokens: readonly Token[];
  depth: number;
  /** Whether it stands in a link: links do not hold others. */
  linked?: boolean;
}

export function Inline({ tokens, depth, linked = false }: InlineProps): ReactNode {
  if (depth > DEEPEST) return tokens.map((token) => token.raw).join("");
  return tokens.map((token, place) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: pieces of a line have no other name than their place.
    <Piece key={place} token={token} depth={depth} linked={linked} />
  ));
}

function Piece({ token, depth, linked }: { token: Token; depth: number; linked: boolean }): ReactNode {
  const within = (inLink = linked) => (
    <Inline tokens={("tokens" in token && token.tokens) || []} depth={depth + 1} linked={inLink} />
  );
  switch (token.type) {
    case "text":
      return token.tokens ? within() : decodeEntities(token.text);
    case "escape":
      return token.text;
    case "strong":
      return <strong>{within()}</strong>;
    case "em":
      return <em>{within()}</em>;
    case "del":
      return <del>{within()}</del>;
    case "codespan":
      return <code>{token.text}</code>;
    case "br":
      return <br />;
    case "math":
      return <Formula {...(token as unknown as MathToken)} />;
    case "link":
      return linked ? within() : <Anchor href={token.href}>{within(true)}</Anchor>;
    case "image":
      return <Picture image={token as Tokens.Image} linked={linked} />;
    case "html":
      // The one tag that tables of answers cannot do without.
      return BREAK.test(token.raw.trim()) ? <br /> : token.raw;
    default:
      return token.raw;
  }
}

function Anchor({ href, children }: { href: string; children: ReactNode }) {
  const safe = safeHref(decodeEntities(href));
  if (safe === null) return children;
  return (
    <a href={safe} title={safe} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  );
}

function Picture({ image, linked }: { image: Tokens.Image; linked: boolean }) {
  const label = decodeEntities(image.text) || words.picture;
  if (isOwnPicture(image.href)) return <img src={image.href} alt={label} />;
  const instead = words.linkToPicture(label);
  return linked ? instead : <Anchor href={image.href}>{instead}</Anchor>;
}
