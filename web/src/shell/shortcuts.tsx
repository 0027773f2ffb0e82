// The keyboard everywhere: the palette and the list of shortcuts. Keys of one page are that page's own.

export function Shortcuts() {
  return null;
}
