// A new secret for a token, while the old one still works for a while.
import { useState } from "react";
import { api, call } from "@/api/client";
import { useSubmit } from "@/lib/use-submit";
import type { Minted } from "@/pages/tokens/dialogs";
import type { Token } from "@/pages/tokens/queries";
import { text } from "@/text/en/tokens";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field } from "@/ui/field";
import { Notice } from "@/ui/notice";
import { Select } from "@/ui/select";

export interface RotateDialogProps {
  token: Token;
  onClose: () => void;
  onMinted: (minted: Minted) => void;
}

export function RotateDialog({ token, onClose, onMinted }: RotateDialogProps) {
  const [overlap, setOverlap] = useState("86400");
  const { busy, elsewhere, run } = useSubmit();
  const rotate = async () => {
    const params = { path: { token_id: token.id } };
    const body = { overlap_seconds: Number(overlap) };
    onMinted(await call(api.POST("/bodhi/v1/tokens/{token_id}/rotate", { params, body })));
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={text.rotateTitle(token.name)}
      description={text.rotateBody}
      footer={
        <>
          <Button onClick={onClose}>{text.cancel}</Button>
          <Button look="primary" busy={busy} onClick={() => run(rotate)}>
            {text.rotate}
          </Button>
        </>
      }
    >
      {elsewhere ? <Notice kind="danger" title={elsewhere} className="mb-4" /> : null}
      <Field label={text.overlap}>
        {(ids) => (
          <Select
            {...ids}
            value={overlap}
            onChange={setOverlap}
            options={Object.entries(text.overlaps)
              .sort(([one], [other]) => Number(one) - Number(other))
              .map(([value, label]) => ({ value, label }))}
          />
        )}
      </Field>
    </Dialog>
  );
}
