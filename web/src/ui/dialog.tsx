// Dialogs: something to fill in or to decide before going on. Focus stays inside and returns where it was.
import { AlertDialog } from "@base-ui/react/alert-dialog";
import { Dialog as Base } from "@base-ui/react/dialog";
import clsx from "clsx";
import { X } from "lucide-react";
import { type ReactNode, useState } from "react";
import { Button, IconButton } from "@/ui/button";
import { Notice } from "@/ui/notice";

const backdrop = "fixed inset-0 z-40 bg-scrim";
const popup =
  "-translate-x-1/2 fixed top-[max(5dvh,16px)] left-1/2 z-50 flex max-h-[min(90dvh,calc(100dvh-32px))] w-[min(calc(100vw-24px),var(--dialog-width))] flex-col overflow-hidden rounded-dialog border border-line bg-surface shadow-float outline-none";

export interface DialogProps {
  open: boolean;
  onClose: () => void;
  title: ReactNode;
  description?: ReactNode;
  children: ReactNode;
  footer?: ReactNode;
  wide?: boolean;
  /** No cross, no Esc, no click beside it: the only way out is a button inside. */
  insistent?: boolean;
}

export function Dialog({ open, onClose, title, description, children, footer, wide, insistent }: DialogProps) {
  return (
    <Base.Root
      open={open}
      disablePointerDismissal={insistent}
      onOpenChange={(next, details) => {
        if (!next && !(insistent && details.reason !== "none")) onClose();
      }}
    >
      <Base.Portal>
        <Base.Backdrop className={backdrop} />
        <Base.Popup className={clsx(popup, wide ? "[--dialog-width:720px]" : "[--dialog-width:480px]")}>
          <div className="flex items-start justify-between gap-4 px-6 pt-5 pb-3">
            <div className="min-w-0">
              <Base.Title className="break-words font-semibold text-section">{title}</Base.Title>
              {description ? <Base.Description className="mt-1 text-ink-2">{description}</Base.Description> : null}
            </div>
            {insistent ? null : (
              <IconButton label="Close" size="small" className="-mr-2" onClick={onClose}>
                <X aria-hidden size={16} />
              </IconButton>
            )}
          </div>
          <div className="min-h-0 flex-1 overflow-y-auto px-6 py-2">{children}</div>
          {footer ? (
            <div className="flex flex-wrap justify-end gap-2 px-6 pt-3 pb-5">{footer}</div>
          ) : (
            <div className="h-4" />
          )}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

export interface ConfirmProps {
  open: boolean;
  onClose: () => void;
  title: ReactNode;
  children: ReactNode;
  /** What the button does, such as "Delete". */
  action: string;
  onConfirm: () => Promise<unknown>;
  danger?: boolean;
  /** Whether the question is all there. Before, it grows: the button would move away under a click. */
  ready?: boolean;
}

export function Confirm(props: ConfirmProps) {
  const { open, onClose, title, children, action, onConfirm, danger = true, ready = true } = props;
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const close = () => {
    setProblem(undefined);
    onClose();
  };
  const confirm = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      await onConfirm();
      close();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <AlertDialog.Root open={open} onOpenChange={(next) => !next && close()}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className={backdrop} />
        <AlertDialog.Popup className={clsx(popup, "[--dialog-width:460px]")}>
          <div className="overflow-y-auto px-6 pt-5 pb-2">
            <AlertDialog.Title className="break-words font-semibold text-section">{title}</AlertDialog.Title>
            <div className="mt-2 break-words text-ink-2">{children}</div>
            {problem ? <Notice kind="danger" className="mt-3" title={problem} /> : null}
          </div>
          <div className="flex flex-wrap justify-end gap-2 px-6 pt-3 pb-5">
            <AlertDialog.Close render={<Button look="plain" />}>Cancel</AlertDialog.Close>
            <Button look={danger ? "danger" : "primary"} busy={busy} disabled={!ready} onClick={confirm}>
              {action}
            </Button>
          </div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
