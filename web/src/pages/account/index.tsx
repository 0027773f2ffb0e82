// One's own account: who one is, how it looks, the password, and where one is signed in.
import { LogOut } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useMe } from "@/api/queries";
import { changePreferences, usePreferences } from "@/lib/preferences";
import { type Role, roleNames, roleRights } from "@/lib/roles";
import { chooseTheme, type ThemeChoice, themeChoice } from "@/lib/theme";
import { PasswordForm } from "@/pages/account/password-form";
import { OwnSessions } from "@/pages/account/sessions";
import { signOut } from "@/shell/sign-out";
import { text } from "@/text/en/account";
import { Button } from "@/ui/button";
import { Page } from "@/ui/page";
import { Segmented } from "@/ui/segmented";
import { Switch } from "@/ui/switch";
import { toast } from "@/ui/toast";

export default function AccountPage() {
  const me = useMe();
  const role = me.role as Role;
  return (
    <Page
      title={text.title}
      width="form"
      actions={
        <Button icon={<LogOut aria-hidden size={16} />} onClick={signOut}>
          {text.signOut}
        </Button>
      }
    >
      <Section title={text.who}>
        <p className="break-words font-medium">{me.username}</p>
        <p className="text-ink-2">
          {roleNames[role] ?? role}. {roleRights[role]}
        </p>
      </Section>
      <Section title={text.appearance}>
        <Appearance />
      </Section>
      <Section title={text.password}>
        {me.has_password ? <PasswordForm /> : <p className="text-ink-2">{text.noPassword}</p>}
      </Section>
      <Section title={text.sessions}>
        <OwnSessions />
      </Section>
    </Page>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="grid gap-x-8 gap-y-3 border-line border-t py-6 sm:grid-cols-[136px_minmax(0,1fr)]">
      <h2 className="font-semibold">{title}</h2>
      <div className="flex min-w-0 flex-col gap-4">{children}</div>
    </section>
  );
}

function Appearance() {
  const [choice, setChoice] = useState(themeChoice());
  const preferences = usePreferences();
  return (
    <>
      <Segmented
        label={text.theme}
        value={choice}
        onChange={(next: ThemeChoice) => {
          chooseTheme(next);
          setChoice(next);
        }}
        options={[
          { value: "system", label: text.system },
          { value: "light", label: text.light },
          { value: "dark", label: text.dark },
        ]}
      />
      {preferences ? (
        <Switch
          checked={preferences.single_key_shortcuts}
          onChange={(on) =>
            void changePreferences({ single_key_shortcuts: on }).catch((error: Error) => toast(error.message))
          }
          label={text.keys}
          hint={text.keysHint}
        />
      ) : null}
    </>
  );
}
