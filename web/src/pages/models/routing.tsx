// The prefix by which clients name this provider's models, and whether everything behind it is forwarded.
import { text } from "@/text/en/form";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { Switch } from "@/ui/switch";
import { Code, Section } from "./parts";
import type { Form } from "./use-form";

const EXAMPLES: Record<string, string> = {
  anthropic: "claude-sonnet-4-5",
  anthropic_oauth: "claude-sonnet-4-5",
  gemini: "gemini-2.5-flash",
};

export function Routing({ form }: { form: Form }) {
  const { values } = form;
  const model = values.models[0] ?? EXAMPLES[values.format] ?? "gpt-4o";
  return (
    <Section title={text.routing}>
      <Switch
        label={text.usePrefix}
        hint={text.usePrefixHint}
        checked={values.usePrefix}
        onChange={(usePrefix) => form.set({ usePrefix })}
      />
      {values.usePrefix ? (
        <>
          <Field
            label={text.prefix}
            error={form.shown("prefix")}
            hint={
              <>
                {text.example.ask} <Code>{values.prefix + model}</Code>, {text.example.get} <Code>{model}</Code>
                {/[A-Za-z0-9]$/.test(values.prefix) ? (
                  <span className="block text-warn">{text.prefixNoEnd}</span>
                ) : null}
              </>
            }
          >
            {(ids) => (
              <Input
                {...ids}
                mono
                className="max-w-60"
                placeholder="oai/"
                value={values.prefix}
                onChange={(event) => form.set({ prefix: event.target.value })}
                onBlur={() => form.leave("prefix")}
              />
            )}
          </Field>
          <Switch
            label={text.forwardAll}
            hint={text.forwardAllHint}
            checked={values.forwardAll}
            onChange={(forwardAll) => form.set({ forwardAll })}
          />
        </>
      ) : null}
    </Section>
  );
}
