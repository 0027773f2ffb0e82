// A one-time link, shown once.
import { text } from "@/text/en/users";
import { Button } from "@/ui/button";
import { CopyButton } from "@/ui/copy-button";
import { Dialog } from "@/ui/dialog";

export function LinkShown({ link, onClose }: { link: string; onClose: () => void }) {
  return (
    <Dialog
      open
      insistent
      onClose={onClose}
      title={text.linkTitle}
      description={text.linkBody}
      footer={
        <Button look="primary" onClick={onClose}>
          {text.done}
        </Button>
      }
    >
      <div className="flex items-center gap-2 rounded-control border border-line-strong py-1.5 pr-1.5 pl-3">
        <output aria-label={text.link} className="min-w-0 flex-1 break-all font-mono text-hint">
          {link}
        </output>
        <CopyButton text={link} label={text.copyLink} />
      </div>
    </Dialog>
  );
}
