sleep 63.5
printf '{}\n'
