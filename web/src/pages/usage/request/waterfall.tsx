// Where the time of a request went, step by step, each bar beginning where the one before ended.
import { count, duration } from "@/lib/format";
import type { OneCall } from "@/pages/usage/request/queries";
import { rateOf, stepsOf } from "@/pages/usage/request/steps";
import { text } from "@/text/en/request";

export function Waterfall({ call }: { call: OneCall }) {
  const steps = stepsOf(call);
  const rate = rateOf(call);
  const all = Math.max(call.total_us, 1);
  return (
    <section aria-labelledby="waterfall" className="rounded-card border border-line bg-surface px-4 pt-3.5 pb-3">
      <h2 id="waterfall" className="mb-2.5 font-semibold">
        {text.went(duration(call.total_us))}
      </h2>
      <ol aria-label={text.waterfallTable} className="flex flex-col">
        {steps.map((step) => (
          <li
            key={step.name}
            data-us={step.took}
            className="grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 py-0.5 text-hint sm:grid-cols-[11.5rem_minmax(0,1fr)_9rem]"
          >
            <span>{nameOf(step.name, call)}</span>
            <span aria-hidden className="relative order-last col-span-2 h-3 sm:order-none sm:col-span-1">
              <span
                className="absolute inset-y-0 min-w-[3px] rounded-[3px] bg-accent"
                style={{
                  left: `min(${(step.from / all) * 100}%, calc(100% - 3px))`,
                  width: `${(step.took / all) * 100}%`,
                }}
              />
            </span>
            <span className="whitespace-nowrap text-right text-ink-2 tabular">
              {step.name === "sent" && rate !== null ? <span className="mr-3">{text.perSecond(rate)}</span> : null}
              {duration(step.took)}
            </span>
          </li>
        ))}
      </ol>
      <p className="mt-1.5 flex justify-between border-line border-t pt-1.5 text-hint">
        <span>{text.total}</span>
        <span className="tabular" title={`${count(call.total_us)} µs`}>
          {duration(call.total_us)}
        </span>
      </p>
    </section>
  );
}

function nameOf(name: string, call: OneCall): string {
  if (name === "sent" && call.stream && call.output_tokens) return text.streamed(call.output_tokens);
  return text.steps[name] ?? name;
}
