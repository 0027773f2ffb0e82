// Where a new api model can start from: a provider of the list, or a curl command copied from its documentation.
import { ClipboardPaste } from "lucide-react";
import { useState } from "react";
import type { Format, Preset } from "@/lib/providers";
import { text } from "@/text/en/form";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field } from "@/ui/field";
import { TextArea } from "@/ui/input";
import type { Source } from "./fill";
import { sourceOfCurl } from "./from-curl";

export interface PresetsProps {
  formats: readonly Format[];
  presets: readonly Preset[];
  current: Preset | undefined;
  onPreset: (preset: Preset) => void;
  onCurl: (source: Source) => void;
}

export function Presets({ formats, presets, current, onPreset, onCurl }: PresetsProps) {
  const [pasting, setPasting] = useState(false);
  return (
    <div role="group" aria-label={text.startFrom} className="mb-6 flex flex-wrap items-center gap-1.5">
      <span aria-hidden className="mr-1 text-ink-2">
        {text.startFrom}
      </span>
      {presets.map((preset) => (
        <Button
          key={`${preset.format} ${preset.label}`}
          size="small"
          aria-pressed={preset === current}
          className="aria-pressed:border-accent aria-pressed:bg-accent-soft"
          onClick={() => onPreset(preset)}
        >
          {preset.label}
        </Button>
      ))}
      <Button
        size="small"
        look="quiet"
        icon={<ClipboardPaste aria-hidden size={14} />}
        onClick={() => setPasting(true)}
      >
        {text.pasteCurl}
      </Button>
      {pasting ? (
        <PasteCurl
          onClose={() => setPasting(false)}
          read={(command) => sourceOfCurl(command, formats, presets)}
          onCurl={onCurl}
        />
      ) : null}
    </div>
  );
}

interface PasteCurlProps {
  onClose: () => void;
  read: (command: string) => Source | null;
  onCurl: (source: Source) => void;
}

function PasteCurl({ onClose, read, onCurl }: PasteCurlProps) {
  const [command, setCommand] = useState("");
  const [wrong, setWrong] = useState(false);
  const use = () => {
    const source = read(command);
    setWrong(source === null);
    if (source === null) return;
    onClose();
    onCurl(source);
  };
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={text.curlTitle}
      description={text.curlBody}
      footer={
        <>
          <Button onClick={onClose}>{text.cancel}</Button>
          <Button look="primary" onClick={use}>
            {text.curlFill}
          </Button>
        </>
      }
    >
      <Field label={text.curlLabel} error={wrong ? text.curlWrong : null}>
        {(ids) => (
          <TextArea
            {...ids}
            mono
            rows={8}
            value={command}
            onChange={(event) => {
              setCommand(event.target.value);
              setWrong(false);
            }}
          />
        )}
      </Field>
    </Dialog>
  );
}
