// Every shortcut, on one card.
import { keyNames } from "@/lib/keys";
import { text } from "@/text/en/shell";
import { Dialog } from "@/ui/dialog";

export default function ShortcutList({ onClose }: { onClose: () => void }) {
  return (
    <Dialog open onClose={onClose} title={text.shortcuts}>
      <dl className="mb-2">
        {text.shortcutList.map(([keys, does]) => (
          <div
            key={does}
            className="flex items-center justify-between gap-4 border-line border-t py-2 first:border-t-0"
          >
            <dt>{does}</dt>
            <dd className="flex gap-1">
              {keyNames(...keys).map((key) => (
                <kbd
                  key={key}
                  className="min-w-6 rounded-[5px] border border-line bg-sunken px-1.5 text-center font-mono text-tag leading-6"
                >
                  {key}
                </kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
      <p className="mb-2 text-hint text-ink-2">{text.shortcutNote}</p>
    </Dialog>
  );
}
