"""### 返戻の記録：戻った封書を1通ずつ記録し、行ったことを残す

| # | 工程 | 誰が | 何をするか |
|---|---|---|---|
| 1 | 返戻の記録 | 自動 | 封書の番号を確かめ、理由と戻った日とともに管理簿に記録する |
| 2 | 返戻の処理 | 取扱者 | ケース番号を調べ、再送・窓口交付などを行い、処理と文書の番号を記録する |

**始める前に**：同じ日に同じ理由で戻った封書をまとめて、番号を入力します。理由や日が違う封書は、分けて実行してください。
氏名・住所・ケース番号は、どの欄にも書かないでください。

**ケース番号を調べるには**：`mailround returned show 回の番号`（`--xlsx` で表計算ファイル）。
調べるたびに管理簿に残ります。回の完了の後は調べられません。

**再送の前に**：送付先を秘匿している世帯（支援措置）かどうかを、地区担当が必ず確かめてください。処理の違う封書は、
分けて記録できます。残りがなくなるまで、画面が繰り返し尋ねます。

**工程が赤くなったら**：記録（Logs）の最後の日本語の文に従い、番号や日付を直して、もう一度はじめから実行してください。
"""

from airflow.sdk import Param, dag

from mailround import notices, tasks
from mailround.model import ROUND_ID
from mailround.operators import FormOperator
from mailround.piece_id import PIECE_IDS
from mailround.returned_mail import REASONS, ReturnedMailSettlement

ANSWERS = 999
"""How often a part of the batch can be settled: each time the question is put anew, as the task's next try."""


@dag(
    dag_id="record_returned_mail",
    dag_display_name="返戻の記録",
    description="戻った封書の理由を1通ずつ記録し、処理が済むまで尋ねる",
    doc_md=__doc__,
    schedule=None,
    catchup=False,
    tags=["一斉送付", "引渡しの後"],
    default_args=notices.EVERY_TASK,
    params={
        "round_id": Param(**ROUND_ID),
        "piece_ids": Param(**PIECE_IDS),
        "reason": Param(type="string", title="返戻の理由", enum=list(REASONS), description="封書に書かれた理由。"),
        "returned_on": Param(type="string", format="date", title="戻った日", description="封書が戻った日付"),
    },
)
def record_returned_mail() -> None:
    recorded = tasks.record_returned()
    settled = FormOperator(form=ReturnedMailSettlement, task_display_name="2 返戻の処理", retries=ANSWERS)

    recorded >> settled


record_returned_mail()
