// Asked before an api model without a list is tested: which model to try.
import { useState } from "react";
import { text } from "@/text/en/models";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";

export function TestDialog({ onClose, onTest }: { onClose: () => void; onTest: (model: string) => void }) {
  const [model, setModel] = useState("");
  const form = "test-model";
  return (
    <Dialog
      open
      onClose={onClose}
      title={text.testNow}
      description={text.modelToTestBody}
      footer={
        <>
          <Button onClick={onClose}>{text.cancel}</Button>
          <Button look="primary" type="submit" form={form}>
            {text.testNow}
          </Button>
        </>
      }
    >
      <form
        id={form}
        onSubmit={(event) => {
          event.preventDefault();
          if (model.trim() === "") return;
          onTest(model.trim());
          onClose();
        }}
      >
        <Field label={text.modelToTest}>
          {(ids) => <Input {...ids} mono required value={model} onChange={(event) => setModel(event.target.value)} />}
        </Field>
      </form>
    </Dialog>
  );
}
