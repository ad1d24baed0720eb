"""### 消去期限と事故対応の見回り（毎朝 8:30）

管理簿だけを見て、委託先の消去期限を毎朝確かめ、契約で決めた日、期限の当日、
期限を過ぎてからは開庁日ごとに、媒体・通知書・紙・データの一つずつについてメールで
知らせます。期限を過ぎると、契約の escalate_to の宛先にも送ります。回のDAGが止まって
いても、消えていても働きます。見回りの前に管理簿の連鎖を検証し、改ざんがあれば赤くなって知らせます。

対応の終わっていない事故も、管理簿だけを見て、終わるまで毎朝知らせます。

契約の設定を読めない回があれば、ほかの回を知らせた後に赤くなり、回の番号を示します。

**赤くなったら**：管理簿に触らずに、記録（Logs）の最後の文に従ってください。
"""

from datetime import datetime, timedelta

from airflow.sdk import dag
from airflow.timetables.trigger import CronTriggerTimetable

from mailround import notices, tasks
from mailround.settings import TOKYO


@dag(
    dag_id="deletion_watch",
    dag_display_name="消去期限の見回り",
    description="委託先の消去期限を、管理簿だけを見て毎朝確かめる",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("30 8 * * *", timezone="Asia/Tokyo"),
    start_date=datetime(2026, 1, 1, tzinfo=TOKYO),
    catchup=False,
    max_active_runs=1,
    tags=["一斉送付", "見回り"],
    default_args={**notices.EVERY_TASK, "retry_delay": timedelta(minutes=5)},
)
def deletion_watch() -> None:
    tasks.watch_deletions()
    tasks.watch_incidents()


deletion_watch()
