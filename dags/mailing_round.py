"""### 一斉送付の回：データ取込から、委託先の消去証明まで

| # | 工程 | 誰が | 何をするか |
|---|---|---|---|
| 01 | 回の開始 | 自動 | 種別・契約・レイアウト・受信フォルダを確かめ、鍵と作業領域を作る |
| 02 | データ取込 | 自動 | 原本のハッシュを記録し、全件を厳密に読み、件数と合計を照合する |
| 03 | データ検査 | 自動 | 必須項目・住所・郵便番号・重複・文字・金額を検査する |
| 04 | 保留の判断 | 取扱者 | 保留を解除するか、除いて続けるか、中止するか（保留も大きな増減もなければ自動で進む） |
| 05–07 | 印刷計画・作成・照合 | 自動 | 並べ替え、通知書を作り、全頁を読み戻して照合する |
| 08 | 封緘 | 自動 | AES-256で暗号化し、開き直して目録と照合し、承認用見本を取り出す |
| 09 | 引渡し承認 | 第二課 | 開始した本人以外が承認する（ハッシュに結び付く） |
| 10–11 | 媒体・パスワードの引渡し | 運搬担当 | 別々の機会に、鍵付きカバンで手渡し、記録する（渡す前なら中止できる） |
| 12 | 受領の確認 | 担当 | 委託先が数えた数を記録する（引渡しの数と違えば止まり、知らせ、数え直しを待つ） |
| 13 | 発送の記録 | 担当 | 抜取りと発送数を照合する（抜取りの結果がそろうまで受理しない） |
| 14 | 区側データの廃棄 | 自動 | 鍵を破棄し、ファイルと受信フォルダの原本を消し、消えたことを確かめる |
| 15 | 消去期限のお知らせ | 自動 | 期限前に担当へ知らせる |
| 16–17 | 返却・消去証明 | 担当 | 媒体・通知書・用紙が戻ったこと、委託先の消去証明を記録する |
| 18 | 回の完了 | 自動 | 証跡報告書を書く |

発送の前に封書を抜き取るときは「封書の抜取り」を、戻った封書は「返戻の記録」を、それぞれ実行してください。

**工程が赤くなったら**：記録（Logs）の最後の日本語の文に、何が起きたかと対応が書いてあります。原因を直したら、その工程を
「Clear」してください。途中の工程は何度やり直しても同じ結果になり、承認の後は何も書き換えずに元の所まで戻ります。
「中止」と書かれた回は再開できません。原本も廃棄されるので、データファイルを出力し直し、新しい番号で始めてください。
"""

from airflow.sdk import Param, dag

from mailround import notices, tasks
from mailround.approve_release import ReleaseApproval
from mailround.configuration import names
from mailround.decide_holds import HoldDecision
from mailround.deletion_certificate import DeletionCertificate
from mailround.media_handover import MediaHandover
from mailround.model import ROUND_ID
from mailround.operators import DeletionDueReminderOperator, FormOperator, FourEyesApprovalOperator
from mailround.password_handover import PasswordHandover
from mailround.posting import Posting
from mailround.receipt import Receipt
from mailround.returns import Returns
from mailround.settings import load_settings

INCLUDE = load_settings().include
ANSWERS = 99  # so often may an answer lead to the same question with new counts, as the task's next try


@dag(
    dag_id="mailing_round",
    dag_display_name="一斉送付の回",
    description="生活保護の通知書等を、委託先の消去証明まで記録しながら一斉送付する",
    doc_md=__doc__,
    schedule=None,
    catchup=False,
    tags=["一斉送付", "個人情報"],
    default_args=notices.EVERY_TASK,
    params={
        "round_id": Param(**ROUND_ID),
        "kind": Param(type="string", title="発送種別", enum=list(names(INCLUDE / "rounds"))),
        "source": Param(type="string", title="データファイル", minLength=1, description="受信フォルダからの相対パス"),
        "layout": Param(type="string", title="データレイアウト", enum=list(names(INCLUDE / "layouts"))),
        "contract": Param(type="string", title="契約", enum=list(names(INCLUDE / "contracts"))),
        # A default, so that a run that was started before this was asked can still be cleared.
        "extracted_by": Param(
            default="",
            type="string",
            title="データの抽出者",
            description="データを出力した人の取扱者ID。承認はできない",
        ),
        "issue_date": Param(type="string", format="date", title="発行日", description="通知書に印字する日付"),
        "posting_date": Param(
            type="string", format="date", title="発送予定日", description="今日以後。送付先の期限は、この日で判断"
        ),
    },
)
def mailing_round() -> None:
    opened = tasks.open_round()
    extracted = tasks.extract(opened)
    checked = tasks.check_quality(extracted)
    holds_decided = FormOperator(form=HoldDecision, task_display_name="04 保留の判断", retries=ANSWERS)
    groups = tasks.plan_print(checked)
    rendered = tasks.render.expand(group=groups)
    verified = tasks.verify.expand(rendered=rendered)
    sealed = tasks.seal(verified)
    approved = FourEyesApprovalOperator(form=ReleaseApproval, task_display_name="09 引渡し承認")
    media_handed_over = FormOperator(form=MediaHandover, task_display_name="10 媒体の引渡し")
    password_handed_over = FormOperator(form=PasswordHandover, task_display_name="11 パスワード通知書の引渡し")
    received = FormOperator(form=Receipt, task_display_name="12 受領の確認", retries=ANSWERS)
    posted = FormOperator(form=Posting, task_display_name="13 発送の記録")
    purged = tasks.purge(opened)
    reminded = DeletionDueReminderOperator(task_id="deletion_due_reminder", task_display_name="15 消去期限のお知らせ")
    returned = FormOperator(form=Returns, task_display_name="16 現物の返却")
    deletion_certified = FormOperator(form=DeletionCertificate, task_display_name="17 消去証明の受領")
    closed = tasks.close_round(opened)
    checked >> holds_decided >> groups
    sealed >> approved >> media_handed_over >> password_handed_over >> received >> posted >> purged
    purged >> reminded >> returned >> deletion_certified >> closed


mailing_round()
