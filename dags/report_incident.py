"""### 事故の報告：報告から、速報・確報、対応の終了まで

紛失、盗難、渡す相手や宛先の誤り、のぞき見など、事故（そのおそれを含む）に気づいたら、**確かめ終わる前に**報告してください。
右上の再生ボタンを押し、分かることだけを入力して開始します。回を始めた後なら、引渡しの前でも、回の完了や契約の終わりの後でも報告できます。

| # | 工程 | 誰が | 何をするか |
|---|---|---|---|
| 01 | 事故の報告 | 気づいた人 | 管理簿に残し、この回の媒体・パスワード通知書の引渡しを止める |
| 02 | 緊急連絡先への連絡 | 自動 | 通数と期限だけを、契約の緊急連絡先へメールで知らせる（届くまで繰り返す） |
| 03 | 速報の記録 | 取扱者・取扱責任者 | 速報の番号と提出日を記録する |
| 04 | 確報の記録 | 取扱者・取扱責任者 | 確報の番号と提出日を記録する |
| 05 | 対応の終了 | 取扱責任者・第二課 | 報告した本人以外が記録し、引渡しの停止を解く |

**期限**は、事故を知った日を一日目として数えます。終わるまで、毎朝メールで知らせます。

**後から分かったことがあるとき、初めの実行が消えたとき**は、「続きの報告：事故の番号」に番号を入れて、もう一度開始します。

**01 が赤くなったら**、報告は残っていません。記録（Logs）の最後の文に従い、新しく開始し直してください。
**02 が赤くなったら**、すぐに電話で知らせてから「Clear」します。
"""

from datetime import timedelta

from airflow.sdk import Param, dag

from mailround import notices, tasks
from mailround.forms import MOMENT
from mailround.incident import IDS, TITLES, TOLD, WHAT
from mailround.incident_forms import FinalReport, IncidentClosing, PreliminaryReport
from mailround.model import ROUND_ID
from mailround.operators import FormOperator

MAILS = 99
"""How often the mail to the contacts is tried: for a working day."""


@dag(
    dag_id="report_incident",
    dag_display_name="事故の報告",
    description="事故を管理簿に残し、引渡しを止め、速報・確報・終了まで記録する",
    doc_md=__doc__,
    schedule=None,
    catchup=False,
    tags=["一斉送付", "事故"],
    default_args=notices.EVERY_TASK,
    params={
        "round_id": Param(**ROUND_ID),
        "what": Param(type="string", title=TITLES["what"], enum=list(WHAT)),
        "noticed_at": Param(
            type="string",
            pattern=MOMENT,
            title=TITLES["noticed_at"],
            description="起きた日時ではなく、知った日時（例：2026-11-16 10:30）",
        ),
        "pieces": Param(
            None,
            type=["integer", "null"],
            minimum=0,
            title=TITLES["pieces"],
            description="分からないときは、ありうる最大の数。番号を入力すれば、空でもよい",
        ),
        "piece_ids": Param(
            None,
            type=["string", "null"],
            format="multiline",
            pattern=IDS,
            title=TITLES["piece_ids"],
            description="封書の9文字の番号を、空白か改行で区切る。氏名・住所・ケース番号は入力しない",
        ),
        "encrypted": Param(type="string", title=TITLES["encrypted"], enum=list(TOLD)),
        "malicious": Param(type="string", title=TITLES["malicious"], enum=list(TOLD)),
        "incident_no": Param(
            None, type=["integer", "null"], minimum=1, title=TITLES["incident_no"], description="新しい事故なら空のまま"
        ),
    },
)
def report_incident() -> None:
    reported = tasks.report_incident()
    told = tasks.tell_contacts.override(retries=MAILS, retry_delay=timedelta(minutes=5))(reported)
    preliminary = FormOperator(form=PreliminaryReport, task_display_name="03 速報の記録")
    final = FormOperator(form=FinalReport, task_display_name="04 確報の記録")
    closed = FormOperator(form=IncidentClosing, task_display_name="05 対応の終了")

    reported >> [told, preliminary]
    preliminary >> final >> closed


report_incident()
