"""### アクセスの点検（毎月4日 6:00、前の月について）

誰が、いつ、何をしたかを、Airflowの監査記録と管理簿から集め、報告書（PDF）にします。取扱責任者が読んで、署名します。

| # | 工程 | 誰が | 何をするか |
|---|---|---|---|
| 1 | 集計と報告書 | 自動 | 操作と閲覧を利用者ごとに数えて報告書を作り、そのハッシュを管理簿に残す |
| 2 | 署名 | 取扱責任者 | 報告書を読み、指摘を本人か所属に確かめ、判断と文書の番号を記録する |

**報告書**は、送付物の置き場の `access-review/年-月.pdf` にあります。利用者番号だけで、世帯の個人情報は含みません。

| 指摘 | どういうとき |
|---|---|
| 利用者・役割の変化 | 前の点検のときと、利用者か役割が違う |
| 工程の状態の書換え、設定の変更 | 画面で状態を書き換えた、接続・変数などを変えた（断られた操作も含むことがある） |
| 続くログインの失敗 | 最後に成功した後、決めた回数以上続けて失敗している |
| いつもより多い利用 | 本人のこれまでの最多の月に比べて、決めた倍数を超えている |
| 開庁時間外の利用 | 開庁日の決めた時間の外 |

署名できるのは、契約で取扱責任者に指定され、期間内で、自分についての指摘がない人です。

**月を選んでやり直す**ときは、右上の再生ボタンを押し、対象月（例：2026-10）を入力します。作り直した報告書には、改めて署名します。

**1 が赤くなったら**：記録（Logs）の最後の文に従い、直したら「Clear」します。
**2 が赤くなったら**：1 から「Clear」します。
"""

from datetime import datetime, timedelta

from airflow.sdk import Param, dag
from airflow.timetables.trigger import CronTriggerTimetable

from mailround import notices, tasks
from mailround.access_signature import AccessSignature
from mailround.operators import HouseFormOperator
from mailround.settings import TOKYO


@dag(
    dag_id="access_review",
    dag_display_name="アクセスの点検",
    description="前の月の利用を集計し、取扱責任者が署名する",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("0 6 4 * *", timezone="Asia/Tokyo"),
    start_date=datetime(2026, 1, 1, tzinfo=TOKYO),
    catchup=False,
    tags=["一斉送付", "見回り"],
    default_args={**notices.EVERY_TASK, "retry_delay": timedelta(minutes=5)},
    params={
        "month": Param(
            None,
            type=["string", "null"],
            pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$",
            title="対象月",
            description="空なら前の月（例：2026-10）",
        )
    },
)
def access_review() -> None:
    signed = HouseFormOperator(form=AccessSignature, task_display_name="2 署名")

    tasks.review_access() >> signed


access_review()
