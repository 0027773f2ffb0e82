// Patterns over model ids, as tokens have them: `*` stands for any run of characters, all else for itself.

export function allows(globs: readonly string[], model: string): boolean {
  return globs.length === 0 || globs.some((glob) => matches(glob, model));
}

function matches(glob: string, model: string): boolean {
  const parts = glob.split("*");
  const [first = "", ...rest] = parts;
  if (rest.length === 0) return glob === model;
  const last = rest.pop() ?? "";
  if (!model.startsWith(first) || model.length < first.length + last.length) return false;
  let at = first.length;
  const end = model.length - last.length;
  for (const part of rest) {
    const found = model.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return at <= end && model.endsWith(last);
}
