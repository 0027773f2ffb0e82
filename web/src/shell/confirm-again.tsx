// Asked before something that takes a recent proof of identity. It holds for ten minutes.
import { useCallback, useState } from "react";
import { api, call } from "@/api/client";
import { answer } from "@/api/gate";
import { meQuery, queryClient } from "@/api/queries";
import { Credentials } from "@/shell/credentials";
import { goBeside, useSignInElsewhere } from "@/shell/oidc";
import { text } from "@/text/en/shell";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Notice } from "@/ui/notice";

export default function ConfirmAgain() {
  const me = queryClient.getQueryData(meQuery.queryKey);
  const [problem, setProblem] = useState<string>();
  const done = useCallback(() => {
    void queryClient.invalidateQueries({ queryKey: meQuery.queryKey });
    answer(true);
  }, []);
  useSignInElsewhere(done);
  return (
    <Dialog open onClose={() => answer(false)} title={text.confirmTitle} description={text.confirmBody}>
      {problem ? <Notice kind="danger" title={problem} className="mb-4" /> : null}
      {me?.has_password ? (
        <Credentials
          username={me.username}
          action={text.confirm}
          onSubmit={async (_, password) => {
            await call(api.POST("/bodhi/v1/session/confirm", { body: { password } }));
            done();
          }}
        />
      ) : (
        <Button
          look="primary"
          className="w-full"
          onClick={() => goBeside("confirm").catch((error: Error) => setProblem(error.message))}
        >
          {text.confirmAtProvider}
        </Button>
      )}
    </Dialog>
  );
}
