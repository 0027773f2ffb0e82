// A page for the tests in the browser that shows markdown and nothing else. They feed it hostile answers, whole and
// half-open, and measure it. What is not allowed to appear is found after every single update.
import "@/styles/app.css";
import { flushSync } from "react-dom";
import { createRoot } from "react-dom/client";
import { Markdown } from "@/markdown/render";

const ELEMENTS = new Set(
  (
    "div p h2 h3 h4 h5 h6 span strong em del code pre a br hr ul ol li blockquote table thead tbody tr th td img " +
    // What copying a block of code takes, and what KaTeX draws with.
    "button svg path rect g line math semantics annotation mrow mi mo mn ms mtext mspace msup msub msubsup mfrac " +
    "msqrt mroot mtable mtr mtd mover munder munderover mstyle mpadded mphantom menclose"
  ).split(" "),
);
const ADDRESSES = new Set(["src", "href", "xlink:href", "action", "formaction", "data", "poster", "srcset", "srcdoc"]);
const FOLLOWED = /^(https?:|mailto:)/;
const PICTURE = /^data:image\/(png|jpeg|gif|webp);base64,/;
const LOADS = /url\(|expression|import|position:\s*fixed/i;

/** What a script of a payload calls. */
let ran: string[] = [];
Object.assign(window, {
  canary: (...given: unknown[]) => ran.push(`canary(${given})`),
  alert: (...given: unknown[]) => ran.push(`alert(${given})`),
});

const place = document.getElementById("stage");
if (!place) throw new Error("the stage has no place");
let root = createRoot(place);

function show(text: string, streaming: boolean): void {
  flushSync(() => root.render(<Markdown text={text} streaming={streaming} />));
}

function clear(): void {
  root.unmount();
  if (place) root = createRoot(place);
}

/** Lets whatever was started, such as a picture that fails, come to its end. */
function settle(): Promise<void> {
  return new Promise((done) => setTimeout(done));
}

function wrongIn(element: Element): string[] {
  const wrong = ELEMENTS.has(element.localName) ? [] : [`<${element.localName}>`];
  for (const { name, value } of element.attributes) {
    if (name.startsWith("on")) wrong.push(`${name}="${value}"`);
    if (name === "style" && LOADS.test(value)) wrong.push(`style="${value}"`);
    if (name === "id" || name === "name") wrong.push(`${name}="${value}"`);
    if (ADDRESSES.has(name) && !(element.localName === "a" ? FOLLOWED : PICTURE).test(value))
      wrong.push(`${element.localName} ${name}="${value}"`);
  }
  if (element.localName === "a" && !element.getAttribute("rel")?.includes("noopener")) wrong.push("a link with opener");
  return wrong;
}

function wrong(): string[] {
  return [...(place?.querySelectorAll("*") ?? [])].flatMap(wrongIn);
}

interface Shown {
  /** What should not be there, and what ran. */
  wrong: string[];
  /** The text as people see it. */
  text: string;
  /** How often it was drawn, and the longest time that took. */
  times: number;
  slowest: number;
}

/** Feed a text as it would arrive, cut at every `step` characters, then whole. */
async function feed(text: string, step: number): Promise<Shown> {
  const found = new Set<string>();
  let times = 0;
  let slowest = 0;
  const draw = (part: string, streaming: boolean) => {
    const began = performance.now();
    show(part, streaming);
    slowest = Math.max(slowest, performance.now() - began);
    times += 1;
    for (const each of wrong()) found.add(each);
  };
  for (let at = step; at < text.length; at += step) draw(text.slice(0, at), true);
  draw(text, true);
  draw(text, false);
  await settle();
  for (const each of [...wrong(), ...ran]) found.add(each);
  const shown = { wrong: [...found], text: place?.textContent ?? "", times, slowest };
  ran = [];
  clear();
  return shown;
}

interface Streamed {
  /** Milliseconds of each update, from the change to the finished layout. */
  took: number[];
  /** How many top-level blocks each update touched. */
  touched: number[];
  blocks: number;
}

/** Stream a text in so many steps, and measure every update. */
async function stream(text: string, steps: number): Promise<Streamed> {
  const took: number[] = [];
  const touched: number[] = [];
  const changed = new Set<Element>();
  const blockOf = (node: Node): Element | null =>
    (node instanceof Element ? node : node.parentElement)?.closest(".markdown > *") ?? null;
  const note = (records: MutationRecord[]) => {
    for (const { target, addedNodes } of records)
      for (const node of [target, ...addedNodes]) {
        const block = blockOf(node);
        if (block) changed.add(block);
      }
  };
  const observer = new MutationObserver(note);
  observer.observe(place as Element, { childList: true, characterData: true, attributes: true, subtree: true });
  for (let step = 1; step <= steps; step++) {
    const part = text.slice(0, Math.ceil((text.length * step) / steps));
    const began = performance.now();
    show(part, true);
    place?.getBoundingClientRect();
    took.push(performance.now() - began);
    note(observer.takeRecords());
    touched.push(changed.size);
    changed.clear();
    await new Promise((done) => requestAnimationFrame(done));
  }
  observer.disconnect();
  const blocks = place?.querySelectorAll(".markdown > *").length ?? 0;
  clear();
  return { took, touched, blocks };
}

Object.assign(window, { stage: { feed, stream, show, clear, wrong } });
