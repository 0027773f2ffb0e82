// Asked before something that was typed is replaced by what a preset, a format or a command says.
import { text } from "@/text/en/form";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import type { Conflict, Filling } from "./fill";
import { Becomes, Code } from "./parts";

const names: Record<Conflict["field"], string> = {
  baseUrl: text.baseUrl,
  extraHeaders: text.extraHeaders,
  extraBody: text.extraBody,
};

export interface ReplaceDialogProps {
  filling: Filling;
  onAnswer: (replace: boolean | null) => void;
}

export function ReplaceDialog({ filling, onAnswer }: ReplaceDialogProps) {
  return (
    <Dialog
      open
      onClose={() => onAnswer(null)}
      title={text.replaceTitle}
      description={text.replaceBody(filling.label)}
      footer={
        <>
          <Button onClick={() => onAnswer(false)}>{text.replaceKeep}</Button>
          <Button look="primary" onClick={() => onAnswer(true)}>
            {text.replaceDo}
          </Button>
        </>
      }
    >
      <dl className="flex flex-col gap-3">
        {filling.conflicts.map(({ field, from, to }) => (
          <div key={field}>
            <dt className="font-medium">{names[field]}</dt>
            <dd className="whitespace-pre-wrap text-ink-2">
              <Code>{from}</Code>
              <Becomes />
              <Code>{to}</Code>
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
