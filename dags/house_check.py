"""### 設置の点検（毎朝 7:30）

回とは別に、この仕組みの置かれ方を毎朝確かめます。起動のときと同じ点検です（`mailround doctor`）。

| 項目 | 確かめること |
|---|---|
| 通信 | 画面・データベース・管理簿・待ち行列が暗号化されているか、証明書の期限 |
| パスワードと鍵 | 初期値のままでないか、Airflowの鍵が別々で十分に長いか |
| 権限 | フォルダと鍵のファイルを、関係のない利用者が開けないか |
| 鍵庫 | データと別の記憶装置にあるか（同じ控えに入ると、廃棄が廃棄にならない） |
| 管理簿 | 書換防止と連鎖（全件を検証する）、接続の権限 |
| その他 | 時計のずれ、外部への利用統計、メールの設定、空き容量 |

Airflowの利用者・鍵・データベースへの接続は、工程の中からは見えません。起動のときの点検が確かめます。

**動作確認用の設定**（`MAILROUND_PROFILE=demonstration`、`make up` と `make demo`）では、次を通します：この機械の中
だけの暗号化していない通信・クッキー・パスワード、鍵庫の場所、空き容量。実際の業務には使えません。

**赤くなったら**：記録（Logs）の最後の文に、指摘と対応がすべて書いてあり、同じものがメールで届きます。直したら「Clear」
してください。期限の近い証明書も、更新するまで毎朝赤くなります。
"""

from datetime import datetime, timedelta

from airflow.sdk import dag
from airflow.timetables.trigger import CronTriggerTimetable

from mailround import notices, tasks
from mailround.settings import TOKYO


@dag(
    dag_id="house_check",
    dag_display_name="設置の点検",
    description="通信・権限・鍵庫・管理簿・時計・証明書・空き容量を毎朝確かめる",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("30 7 * * *", timezone="Asia/Tokyo"),
    start_date=datetime(2026, 1, 1, tzinfo=TOKYO),
    catchup=False,
    max_active_runs=1,
    tags=["一斉送付", "見回り"],
    default_args={**notices.EVERY_TASK, "retry_delay": timedelta(minutes=1)},
)
def house_check() -> None:
    tasks.check_house()


house_check()
