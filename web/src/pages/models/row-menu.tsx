// What can be done with one api model of the list.
import { useNavigate } from "@tanstack/react-router";
import { ChartColumn, Copy, Pencil, Plug, Trash2 } from "lucide-react";
import { useState } from "react";
import { text } from "@/text/en/models";
import { Menu } from "@/ui/menu";
import { DeleteDialog } from "./delete-dialog";
import { TestDialog } from "./test-dialog";
import type { ApiModel } from "./values";

export interface RowMenuProps {
  model: ApiModel;
  all: readonly ApiModel[];
  onTest: (model?: string) => void;
}

export function RowMenu({ model, all, onTest }: RowMenuProps) {
  const navigate = useNavigate();
  const [asking, setAsking] = useState<"delete" | "test" | null>(null);
  const close = () => setAsking(null);
  return (
    <>
      <Menu
        label={text.actionsOf(model.name)}
        items={[
          {
            label: text.edit,
            icon: <Pencil aria-hidden size={15} />,
            onSelect: () => void navigate({ to: "/models/api/edit/$id/", params: { id: model.id } }),
          },
          {
            label: text.testNow,
            icon: <Plug aria-hidden size={15} />,
            onSelect: () => (model.models.length > 0 ? onTest() : setAsking("test")),
          },
          {
            label: text.duplicate,
            icon: <Copy aria-hidden size={15} />,
            onSelect: () => void navigate({ to: "/models/api/new/", search: { copy: model.id } }),
          },
          {
            label: text.usage,
            icon: <ChartColumn aria-hidden size={15} />,
            onSelect: () => void navigate({ to: "/usage/", search: { api_model_id: model.id } }),
          },
          {
            label: text.remove,
            icon: <Trash2 aria-hidden size={15} />,
            danger: true,
            onSelect: () => setAsking("delete"),
          },
        ]}
      />
      {asking === "delete" ? <DeleteDialog model={model} all={all} onClose={close} /> : null}
      {asking === "test" ? <TestDialog onClose={close} onTest={onTest} /> : null}
    </>
  );
}
