// The course of a number in a few pixels, beside the number itself, which says it in words.

const WIDTH = 160;
const HEIGHT = 24;

export function Sparkline({ values }: { values: readonly (number | null)[] }) {
  const path = sparkPath(values);
  return (
    <svg
      aria-hidden="true"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      className="h-6 w-full text-accent"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinejoin="round"
    >
      {path ? <path d={path} vectorEffect="non-scaling-stroke" /> : null}
    </svg>
  );
}

/** Lines through the values, from nought to the largest; where there is none, there is no line. */
export function sparkPath(values: readonly (number | null)[]): string {
  const most = Math.max(...values.map((value) => value ?? 0), 0);
  const step = values.length > 1 ? WIDTH / (values.length - 1) : 0;
  let path = "";
  let drawing = false;
  for (const [index, value] of values.entries()) {
    if (value === null) {
      drawing = false;
      continue;
    }
    const y = HEIGHT - 1 - (most ? (value / most) * (HEIGHT - 2) : 0);
    path += `${drawing ? "L" : "M"}${(index * step).toFixed(1)} ${y.toFixed(1)}`;
    drawing = true;
  }
  return path;
}
