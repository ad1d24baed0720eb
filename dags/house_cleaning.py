"""### 古い実行と記録の削除（毎月1日 3:30）

終わってから `MAILROUND_METADATA_DAYS`（初めの値は400日）を過ぎたものを、Airflowから消します。

| 消すもの | 中身 |
|---|---|
| 終わった実行 | 工程の状態、工程の間の参照（XCom）、様式の問合せと回答 |
| 監査記録（Audit Logs）など | 操作の記録、部品の稼働の記録、切れたログインの印 |
| 記録（Logs）のファイル | 消した実行のもの、部品のもの |

**消さないもの**：待っている実行（何か月でも）、管理簿でまだ完了も中止もしていない回の実行、それぞれのDAGの最後の実行、
管理簿、証跡報告書。

証拠は管理簿にあります。監査記録を長く残す必要があれば、日数を延ばしてください。

**赤くなったら**：記録（Logs）の最後の文に従い、直してから「Clear」してください。途中で止まっても、消し残しは次の
実行が消します。
"""

from datetime import datetime, timedelta

from airflow.sdk import dag
from airflow.timetables.trigger import CronTriggerTimetable

from mailround import notices, tasks
from mailround.settings import TOKYO


@dag(
    dag_id="house_cleaning",
    dag_display_name="古い実行と記録の削除",
    description="終わって日数の過ぎた実行・監査記録・記録のファイルを毎月消す",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("30 3 1 * *", timezone="Asia/Tokyo"),
    start_date=datetime(2026, 1, 1, tzinfo=TOKYO),
    catchup=False,
    max_active_runs=1,
    tags=["一斉送付", "見回り"],
    default_args={**notices.EVERY_TASK, "retry_delay": timedelta(minutes=5), "queue": notices.HOUSE_QUEUE},
)
def house_cleaning() -> None:
    tasks.clean_house()


house_cleaning()
