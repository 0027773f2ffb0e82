// Which addresses in an answer may be followed and which pictures shown. The text of models is hostile input.

const FOLLOWED = new Set(["http:", "https:", "mailto:"]);
const PICTURE = /^data:image\/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+$/;
/** Characters of a picture within an answer. */
const LARGEST = 8_000_000;

/** The address as the browser would read it, or null where it must not be followed. */
export function safeHref(href: string): string | null {
  try {
    // Without a page to be relative to: only whole addresses are followed, none into these pages.
    const url = new URL(href);
    return FOLLOWED.has(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

/** Whether a picture is part of the answer itself. All others would tell their host who reads the answer, and when. */
export function isOwnPicture(source: string): boolean {
  return source.length <= LARGEST && PICTURE.test(source);
}
