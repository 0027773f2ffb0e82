// Which dialog is open, and what leads from one to the next: a new secret is shown once, then forgotten.
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { api, call, type Schemas } from "@/api/client";
import { costsQuery, forgetTokens, type Token } from "@/pages/tokens/queries";
import { TokenReady } from "@/pages/tokens/ready";
import { RotateDialog } from "@/pages/tokens/rotate";
import { TokenForm } from "@/pages/tokens/token-form";
import { text } from "@/text/en/tokens";
import { Confirm } from "@/ui/dialog";
import { toast } from "@/ui/toast";

export type Minted = Schemas["Minted"];

export type Asked =
  | { kind: "new" }
  | { kind: "edit" | "rotate" | "revoke" | "disable" | "enable"; token: Token }
  | { kind: "ready"; minted: Minted };

export interface TokenDialogsProps {
  asked: Asked;
  onAsk: (asked: Asked | null) => void;
}

export function TokenDialogs({ asked, onAsk }: TokenDialogsProps) {
  const close = () => onAsk(null);
  const ready = (minted: Minted) => {
    void forgetTokens();
    onAsk({ kind: "ready", minted });
  };
  switch (asked.kind) {
    case "new":
      return <TokenForm onClose={close} onMinted={ready} />;
    case "edit":
      return <TokenForm token={asked.token} onClose={close} onMinted={ready} />;
    case "rotate":
      return <RotateDialog token={asked.token} onClose={close} onMinted={ready} />;
    case "ready":
      return <TokenReady minted={asked.minted} onClose={close} />;
    case "revoke":
      return <Revoke token={asked.token} onClose={close} />;
    default:
      return <Toggle token={asked.token} disabled={asked.kind === "disable"} onClose={close} />;
  }
}

function Revoke({ token, onClose }: { token: Token; onClose: () => void }) {
  const { data: costs } = useQuery(costsQuery);
  const revoke = async () => {
    await call(api.DELETE("/bodhi/v1/tokens/{token_id}", { params: { path: { token_id: token.id } } }));
    await forgetTokens();
    toast(text.revoked);
  };
  return (
    <Confirm open onClose={onClose} title={text.revokeTitle(token.name)} action={text.revoke} onConfirm={revoke}>
      {text.revokeBody(costs?.get(token.id)?.count ?? 0)}
    </Confirm>
  );
}

/** Nothing to ask here: it is undone as quickly. */
function Toggle({ token, disabled, onClose }: { token: Token; disabled: boolean; onClose: () => void }) {
  // biome-ignore lint/correctness/useExhaustiveDependencies: sent once, when the action was chosen.
  useEffect(() => {
    call(api.PATCH("/bodhi/v1/tokens/{token_id}", { params: { path: { token_id: token.id } }, body: { disabled } }))
      .then(() => toast(text.saved))
      .catch((error: Error) => toast(error.message))
      .finally(() => void forgetTokens());
    onClose();
  }, []);
  return null;
}
