// How far one has come from an empty installation to the first answer.
import clsx from "clsx";
import { text } from "@/text/en/entry";

export function Steps({ current }: { current: number }) {
  return (
    <ol aria-label={text.stepsLabel} className="mb-7 flex flex-wrap gap-x-5 gap-y-2 text-hint">
      {text.steps.map((step, place) => (
        <li
          key={step}
          aria-current={place === current ? "step" : undefined}
          className={clsx("flex items-center gap-2", place === current ? "font-medium" : "text-ink-2")}
        >
          <span
            aria-hidden
            className={clsx(
              "grid size-5 place-items-center rounded-full text-tag",
              place === current ? "bg-accent text-on-accent" : "border border-line-strong",
            )}
          >
            {place + 1}
          </span>
          {step}
        </li>
      ))}
    </ol>
  );
}
