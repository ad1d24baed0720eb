"""### 封書の抜取り：引渡しの後、発送の前に、送ってはならない封書を抜き取る

| # | 工程 | 誰が | 何をするか |
|---|---|---|---|
| 1 | 抜取りの依頼 | 自動 | 封書の番号を確かめ、管理簿に記録し、通数だけを緊急連絡先へメールで知らせる |
| 2 | 抜取りの結果 | 取扱者 | 番号の一覧を紙か電話で委託先へ伝え、抜き取れたか間に合わなかったかを1通ずつ記録する |

**始める前に**：抜き取る封書の番号（9文字の英数字）を、`mailround piece 回の番号` で調べます。
ケース番号を尋ねられるので、入力してください。氏名やケース番号は、この画面のどの欄にも書かないでください。

**始めたら**：メールを待たずに、委託先へ直ちに電話してください。番号の一覧は「2 抜取りの結果」の画面にあります。
結果を記録するまで、その回の「13 発送の記録」は受理されません。間に合わなかった封書があると、責任者への報告を
メールで求めます。

**工程が赤くなったら**：記録（Logs）の最後の日本語の文に従い、番号を直して、もう一度はじめから実行してください。
赤くなった依頼は、管理簿に記録されていません。
"""

from airflow.sdk import Param, dag

from mailround import notices, tasks
from mailround.model import ROUND_ID
from mailround.operators import FormOperator
from mailround.piece_id import PIECE_IDS
from mailround.withdrawal import REASONS, WithdrawalAcknowledgement


@dag(
    dag_id="withdraw_pieces",
    dag_display_name="封書の抜取り",
    description="発送の前に封書を抜き取り、抜き取れたか間に合わなかったかを1通ずつ記録する",
    doc_md=__doc__,
    schedule=None,
    catchup=False,
    tags=["一斉送付", "引渡しの後"],
    default_args=notices.EVERY_TASK,
    params={
        "round_id": Param(**ROUND_ID),
        "piece_ids": Param(**PIECE_IDS),
        "reason": Param(type="string", title="理由", enum=list(REASONS), description="個人の事情は書かない。"),
    },
)
def withdraw_pieces() -> None:
    requested = tasks.request_withdrawal()
    acknowledged = FormOperator(form=WithdrawalAcknowledgement, task_display_name="2 抜取りの結果")

    requested >> acknowledged


withdraw_pieces()
