// The keys by id and state, never the keys themselves, and the change of the data key.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, call } from "@/api/client";
import { queryClient } from "@/api/queries";
import { count } from "@/lib/format";
import { keysQuery } from "@/pages/settings/queries";
import { Failed } from "@/shell/page-failed";
import { text } from "@/text/en/settings";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Confirm } from "@/ui/dialog";
import { Loading } from "@/ui/page";
import { Table, Td, Th, Tr } from "@/ui/table";
import { Time } from "@/ui/time";
import { toast } from "@/ui/toast";

export function Keys() {
  const { data, error, refetch } = useQuery(keysQuery);
  const [asking, setAsking] = useState(false);
  if (error) return <Failed error={error} again={() => void refetch()} what={text.whatKeys} />;
  if (!data) return <Loading rows={2} what={text.whatKeys} />;
  const rotate = async () => {
    await call(api.POST("/bodhi/v1/keys/rotate-data"));
    await queryClient.invalidateQueries({ queryKey: keysQuery.queryKey });
    toast(text.rotated);
  };
  return (
    <>
      <p className="mb-3">
        {text.rootKey} <code className="font-mono text-hint">{data.root_key_id}</code>
      </p>
      <Table label={text.keysLabel} className="min-w-[520px]">
        <thead>
          <tr>
            <Th>{text.keyId}</Th>
            <Th>{text.keyState}</Th>
            <Th>{text.keyMade}</Th>
            <Th number>{text.keyUsed}</Th>
          </tr>
        </thead>
        <tbody>
          {data.data
            .filter((key) => key.purpose === "seal")
            .map((key) => (
              <Tr key={key.id}>
                <Td className="font-mono text-hint">{key.id}</Td>
                <Td>
                  <Badge kind={key.state === "active" ? "good" : "plain"}>
                    {text.keyStates[key.state] ?? key.state}
                  </Badge>
                </Td>
                <Td>
                  <Time at={key.created_at} />
                </Td>
                <Td number>{count(key.rows)}</Td>
              </Tr>
            ))}
        </tbody>
      </Table>
      <Button className="mt-3" onClick={() => setAsking(true)}>
        {text.rotate}
      </Button>
      <Confirm
        open={asking}
        onClose={() => setAsking(false)}
        title={text.rotateTitle}
        action={text.rotate}
        danger={false}
        onConfirm={rotate}
      >
        {text.rotateBody}
      </Confirm>
    </>
  );
}
