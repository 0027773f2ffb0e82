// What was pressed, and whether somebody is typing.

export const onMac = /Mac|iPhone|iPad/.test(navigator.userAgent);

export function hasModifier(event: KeyboardEvent): boolean {
  return onMac ? event.metaKey : event.ctrlKey;
}

export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches("input, textarea, select, [role=textbox], [role=combobox]"))
  );
}

/** The keys as they are written on this computer's keyboard. */
export function keyNames(...keys: string[]): string[] {
  return keys.map((key) => (key === "mod" ? (onMac ? "⌘" : "Ctrl") : key));
}
