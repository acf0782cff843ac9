"""Settings with an account that is taken as live, which needs everything to be said."""

from tradewire.live_rules import live_sentence
from tradewire.settings import Risk


def live_config(account: str = "real", **limits: str) -> str:
    """A `tradewire.toml` with the account `paper`, one that is live, and every limit as for paper but those given."""
    texts = {name: getattr(Risk(), name) for name in Risk.__struct_fields__} | limits
    risk = "".join(f'{name} = "{text}"\n' for name, text in texts.items())
    live = f'[accounts.{account}]\nlive = true\nlive_sentence = "{live_sentence(account)}"\n'
    return f'default_account = "paper"\n[accounts.paper]\n{live}[risk]\n{risk}'
