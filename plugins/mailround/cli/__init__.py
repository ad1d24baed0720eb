"""The command ``mailround``: what people do beside the Airflow UI. Japanese on the screen, ids and counts only.

One module per group of commands. What a command needs is imported when it runs: `--help` loads none of it.
"""

from mailround.cli import holds, local, media, package, quality, register, returned, roles, templates
from mailround.cli.alive import alive
from mailround.cli.backup import backup, restore
from mailround.cli.barcode import barcode
from mailround.cli.doctor import doctor
from mailround.cli.exports import check, sample
from mailround.cli.package import specimen
from mailround.cli.rounds import evidence, handover_sheet, password_notice, piece, proof
from mailround.terminal import JapaneseTyper

app = JapaneseTyper("一斉送付の回を支える道具。")
app.add_typer(register.app, name="register")
app.add_typer(holds.app, name="holds")
app.add_typer(media.app, name="media")
app.add_typer(package.app, name="package")
app.add_typer(templates.app, name="templates")
app.add_typer(quality.app, name="quality")
app.add_typer(returned.app, name="returned")
app.add_typer(roles.app, name="roles")
app.add_typer(local.app, name="local")
app.command()(check)
app.command()(sample)
app.command()(specimen)
app.command()(password_notice)
app.command()(handover_sheet)
app.command()(proof)
app.command()(piece)
app.command()(evidence)
app.command()(barcode)
app.command()(doctor)
app.command()(alive)
app.command()(backup)
app.command()(restore)
