// Copies a text, and says that it did where the button is.
import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { Button, IconButton } from "@/ui/button";

export interface CopyButtonProps {
  text: string | (() => string);
  /** What is copied, such as "Copy token". */
  label: string;
  /** Shows the label instead of the icon alone. */
  spelled?: boolean;
  size?: "normal" | "small";
}

export function CopyButton({ text, label, spelled, size = "small" }: CopyButtonProps) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 2000);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async () => {
    await writeClipboard(typeof text === "string" ? text : text());
    setCopied(true);
  };
  const icon = copied ? <Check aria-hidden size={15} className="text-accent" /> : <Copy aria-hidden size={15} />;
  return (
    <>
      {spelled ? (
        <Button size={size} icon={icon} onClick={copy}>
          {copied ? "Copied" : label}
        </Button>
      ) : (
        <IconButton label={copied ? "Copied" : label} size={size} onClick={copy}>
          {icon}
        </IconButton>
      )}
      <span role="status" className="sr-only">
        {copied ? "Copied" : ""}
      </span>
    </>
  );
}

/** Write to the clipboard, also where the page is served without TLS and the browser offers no clipboard. */
export async function writeClipboard(text: string): Promise<void> {
  if (navigator.clipboard && window.isSecureContext) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = document.createElement("textarea");
  area.value = text;
  area.setAttribute("readonly", "");
  area.className = "sr-only";
  const focused = document.activeElement;
  (focused?.closest("[role=dialog],[role=alertdialog]") ?? document.body).append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
  if (focused instanceof HTMLElement) focused.focus();
}
