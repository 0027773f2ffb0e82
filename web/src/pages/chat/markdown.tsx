// The text of an answer, as it stands.
export function Markdown({ text }: { text: string; streaming: boolean }) {
  return <pre className="whitespace-pre-wrap break-words font-sans">{text}</pre>;
}
