// Colours for code, in the languages that answers mostly have. What comes out is spans with a class, and nothing else,
// as a trusted type: the policy of the pages lets nothing but DOMPurify make HTML.
import DOMPurify from "dompurify";
import hljs from "highlight.js/lib/core";
import bash from "highlight.js/lib/languages/bash";
import c from "highlight.js/lib/languages/c";
import cpp from "highlight.js/lib/languages/cpp";
import css from "highlight.js/lib/languages/css";
import diff from "highlight.js/lib/languages/diff";
import go from "highlight.js/lib/languages/go";
import java from "highlight.js/lib/languages/java";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import python from "highlight.js/lib/languages/python";
import rust from "highlight.js/lib/languages/rust";
import sql from "highlight.js/lib/languages/sql";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";

const LANGUAGES = { bash, c, cpp, css, diff, go, java, javascript, json, python, rust, sql, typescript, xml, yaml };
for (const [name, language] of Object.entries(LANGUAGES)) hljs.registerLanguage(name, language);

const SPANS = { ALLOWED_TAGS: ["span"], ALLOWED_ATTR: ["class"], ALLOW_DATA_ATTR: false };

/** Colour code; null where the language is not known. */
export function highlight(code: string, language: string): TrustedHTML | null {
  const known = hljs.getLanguage(language) ? language : null;
  if (known === null) return null;
  const { value } = hljs.highlight(code, { language: known, ignoreIllegals: true });
  return DOMPurify.sanitize(value, { ...SPANS, RETURN_TRUSTED_TYPE: true });
}
