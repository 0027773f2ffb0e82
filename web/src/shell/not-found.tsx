// An address that means nothing.
import { Link } from "@tanstack/react-router";
import { text } from "@/text/en/shell";
import { buttonClass } from "@/ui/button";
import { Empty, Page } from "@/ui/page";

export function NotFound() {
  return (
    <main>
      <Page title={text.notFound}>
        <Empty
          action={
            <Link to="/" className={buttonClass("primary")}>
              {text.toStart}
            </Link>
          }
        >
          {text.notFoundBody}
        </Empty>
      </Page>
    </main>
  );
}
